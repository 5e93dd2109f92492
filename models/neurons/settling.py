"""Integrate-and-fire neuron whose rate settles to its drive, cut off at 0 and at 1.

    tau_m dv/dt = u,    u = bias + drive + I + nudge;    spike when v > 1:  v -= 1

A rate of 1 is one spike in every tau_m.  `drive` is the constant current of the input, set by one spike of every input
channel when a stimulus epoch begins; `I` is the synaptic current of the neurons of the same network, whose integral
over one spike is w*tau_m.  A recurrent layer with weights W then settles to rates (Xiao et al. 2021, arXiv 2109.14247)

    a = clip(W a + drive + bias, 0, 1),    what is meant by an equilibrium of time-averaged spikes

`nudge` is a current that a rule may set.  Neither the current nor v is allowed to run away: a neuron that is far below
0 or above 1 has forgotten it after one tau_m.  There is no normalisation between layers.

Ranges: tau_m 1..10 ms, one time step or more; tau_syn 2..20 tau_m, which smooths the current of single spikes and takes
as long to settle; bias 0..0.5, the rate without any input.
"""

from brian2 import ms

equations = """
u = bias + drive + I + nudge : 1             # what the rate settles to, between 0 and 1
dv/dt = clip(u, -1, 1)/tau_m : 1             # membrane potential, in units of the threshold
dI/dt = -I/tau_syn : 1                       # synaptic current of neurons
ddrive/dt = 0*Hz : 1                         # and of the input
nudge : 1                                    # and of a rule
"""
total_current = "u"
threshold = "v > 1"
reset = "v -= 1"
on_step = """
v = clip(v, -1, 2)
drive = drive*int(t_in_epoch > 0.5*dt)
charge = tau_m*(1 - exp(-dt/tau_syn))/dt
"""
presynaptic = "charge : 1                      # of a spike's current, for a weight of 1; 0: an input channel"
on_pre = """
drive_post += w*int(charge_pre == 0)
I_post += w*charge_pre
"""
initial = {"v": 0.5}
parameters = {"tau_m": 1 * ms, "tau_syn": 3 * ms, "bias": 0.2}
limits = """
1*us <= tau_m <= 1000*second
1*us <= tau_syn <= 1000*second
-1000 <= bias <= 1000
"""
