"""Slow traces that begin anew when their layer falls silent: for continuous streams, in which words have no borders.

As slow_trace, with an activity a of the layer, in spikes a neuron of late.  As long as a is below `lull`, traces are
cleared with tau_clear; when the layer becomes active again they remember all that has come since: the state of the
layer decides what belongs together.

    dx/dt = -x*(1/tau_x + [a < lull]/tau_clear)

Ranges: tau_x 0.5..5 s, tau_lull 20..200 ms (longer than a pause within a word), lull 0.01..0.2 spikes a neuron,
tau_clear 10..200 ms; others as in slow_trace.

Sums of squares as goodness: Hinton (2022, arXiv 2212.13345).
"""

from brian2 import ms, second

base = "slow_trace"
neuron = """
dx/dt = -x*forgetting_layer : 1              # slow trace, since the onset
drecent/dt = -recent/tau_gain : 1            # fast trace
"""
layer = """
da/dt = -a/tau_lull : 1                      # activity: spikes a neuron, of late
forgetting = 1/tau_x + int(a < lull)/tau_clear : Hz (constant over dt)
dS/dt = -2*S*forgetting : 1                  # sum of x**2 over the layer
dG/dt = -2*G/tau_gain : 1                    # sum of recent**2 over the layer
g = S/n_neurons : 1                          # goodness a neuron, which rules and predictions use
gain = 1/sqrt(floor_x2 + G/n_neurons) : 1 (constant over dt)
"""
layer_on_spike = """
S += 2*x_pre + 1
G += 2*recent_pre + 1
a += 1/n_neurons
"""
memory = "exp(-dt*forgetting_layer)"
parameters = {"tau_x": 2 * second, "tau_lull": 50 * ms, "lull": 0.03, "tau_clear": 30 * ms}
limits = """
1*us <= tau_gain <= 1000*second
0 < floor_x2 <= 1e6
1*us <= tau_x <= 1000*second
1*us <= tau_lull <= 1000*second
0 <= lull <= 1e6
1*us <= tau_clear <= 1000*second
"""
