"""Forward-forward, fully event-driven: weights change at spikes, with a running modulator.

At every spike of the postsynaptic neuron the goodness of its layer jumps.  The inputs that have just been active get
the credit, or in a negative phase the blame, at once:

    postsynaptic spike:  w += learning_rate*eta*M(t)*jump*z_pre
    M(t) = s*beta*sigmoid(-s*beta*(g(t) - theta*(t/T_epoch)**2))

with s = +1 in a positive and -1 in a negative phase, t the time since the stimulus epoch began, with which the
threshold rises as the goodness does, z the low-pass filtered normalised trace of the presynaptic neuron, and jump
that of the goodness.  It is the forward_forward rule (Hinton 2022) with nothing left to the end of the stimulus epoch:
no accumulated weight change and no optimizer.

Ranges: eta, which brings the usual learning rates to the size of a change at one spike, 0.003..0.03; beta 1..10; theta
1..5; tau_z 5..50 ms; w_max, to which weights are clipped, 0.5..5.
"""

from brian2 import ms

presynaptic = "dz/dt = (gain_layer*x - z)/tau_z : 1   # normalised trace"
layer = """
dage/dt = 1 : second                         # time since the stimulus epoch began
M = phase*beta/(1 + exp(phase*beta*(g - theta*(age/T_epoch)**2))) : 1 (constant over dt)   # modulator
"""
on_post = """
change = learning_rate_layer*eta*M_layer*goodness_jump_post*z_pre
w = clip(w + int(plastic)*change, -w_max, w_max)
"""
parameters = {"beta": 3.0, "theta": 3.0, "eta": 0.02, "tau_z": 10 * ms, "w_max": 2.0}
limits = """
0 < beta <= 1000
-1000 <= theta <= 1000
0 <= eta <= 1000
1*us <= tau_z <= 1000*second
0 < w_max <= 1e6
"""
