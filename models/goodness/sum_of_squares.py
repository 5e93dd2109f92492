"""Sum-of-squares goodness (Hinton 2022, arXiv 2212.13345, eq. 1) as an event-driven trace.

With dx/dt = -x/tau_x and x += 1 at a spike, G = sum(x**2) obeys dG/dt = -2*G/tau_x and jumps by (x + 1)**2 - x**2 at
each spike: one scalar a layer, no sum over neurons.  `gain` is the reciprocal of the trace vector's root mean square,
with which the next layer normalises its input.

Ranges: tau_x 20..200 ms, floor_x2 (below which activity is not normalised away) 0.001..0.1.
"""

from brian2 import ms

neuron = "dx/dt = -x/tau_x : 1               # goodness trace"
on_spike = "x += 1"
layer = """
dG/dt = -2*G/tau_x : 1                       # sum of x**2 over the layer
g = G/n_neurons : 1                          # goodness a neuron, which rules and predictions use
gain = 1/sqrt(floor_x2 + g) : 1 (constant over dt)
"""
layer_on_spike = "G += 2*x_pre + 1"
derivative = "x"
goodness_jump = "2*x + 1"
memory = "exp(-dt/tau_x)"
parameters = {"tau_x": 100 * ms, "floor_x2": 0.01}
limits = """
1*us <= tau_x <= 1000*second
0 < floor_x2 <= 1e6
"""
