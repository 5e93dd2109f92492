"""Constant current into leaky integrate-and-fire input neurons: spikes come earlier and more often with intensity.

    tau_in dv/dt = current_max*intensity - v;    spike when v > 1:  v = 0

With I = current_max*intensity > 1, spikes come every tau_in*log(I/(I - 1)), the first one after the same time; with
I < 1, none.  Constant input currents are the direct code of deep spiking networks, whose first layer turns pixels into
spikes (Rueckauer et al. 2017, Front. Neurosci. 11:682).

Ranges: current_max 1.5..20 (the threshold is 1), tau_in 5..50 ms.
"""

from brian2 import ms

equations = """
dv_in/dt = (current - v_in)/tau_in : 1       # membrane potential of an input neuron
current : 1
"""
at_epoch_start = "current = current_max*intensity"
threshold = "v_in > 1"
reset = "v_in = 0"
parameters = {"current_max": 4.0, "tau_in": 20 * ms}
limits = """
0 <= current_max <= 1e6
1*us <= tau_in <= 1000*second
"""
