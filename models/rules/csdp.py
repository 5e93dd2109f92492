"""Contrastive signal-dependent plasticity, CSDP (Ororbia 2024, Sci. Adv. 10:eadn6076), at every presynaptic spike.

    presynaptic spike:  w += learning_rate*eta*M(t)*dg/dx_post,  clipped to [-w_max, w_max]
    M(t) = s*beta*sigmoid(-s*beta*(g(t) - theta*(t/T_epoch)**2))

M*dg/dx is the derivative of the contrastive loss by the postsynaptic trace.  The paper changes weights in every time
step by its product with the presynaptic spikes: where there are none, nothing changes.  Its trace forgets within 13 ms;
the goodness of brianff grows with the stimulus epoch, and the threshold with it (t counts from its beginning).  The
paper's adaptive threshold and lateral inhibition are those of the neuron lif_competitive.  Made for rate codes: with
one spike a channel, the inputs that come after a neuron's spike get the credit.

Ranges: eta, which brings the usual learning rates to the size of a change at one spike, 0.01..0.1; beta 1..10; theta
1..5; w_max 1 in the paper.
"""

layer = """
dage/dt = 1 : second                         # time since the stimulus epoch began
M = phase*beta/(1 + exp(phase*beta*(g - theta*(age/T_epoch)**2))) : 1 (constant over dt)   # modulator
"""
on_pre = """
change = learning_rate_layer*eta*M_layer*derivative_post
w = clip(w + int(plastic)*change, -w_max, w_max)
"""
needs = "late_spikes"
parameters = {"beta": 3.0, "theta": 3.0, "eta": 0.02, "w_max": 1.0}
limits = """
0 < beta <= 1000
-1000 <= theta <= 1000
0 <= eta <= 1000
0 < w_max <= 1e6
"""
