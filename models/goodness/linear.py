"""Linear goodness: the mean of the traces instead of their squares (Hinton 2022, arXiv 2212.13345, future work).

S, with dS/dt = -S/tau_x and S += 1 at each spike, is the sum of all x; g = scale*S/n_neurons.  G = sum(x**2), as in
sum_of_squares, is there for `gain`, with which the next layer normalises its input.

Ranges: tau_x 20..200 ms, floor_x2 0.001..0.1; scale, which brings g to the size that rules expect, 0.5..5.
"""

from brian2 import ms

neuron = "dx/dt = -x/tau_x : 1               # goodness trace"
on_spike = "x += 1"
layer = """
dS/dt = -S/tau_x : 1                         # sum of x over the layer
dG/dt = -2*G/tau_x : 1                       # sum of x**2 over the layer
g = scale*S/n_neurons : 1                    # goodness a neuron, which rules and predictions use
gain = 1/sqrt(floor_x2 + G/n_neurons) : 1 (constant over dt)
"""
layer_on_spike = """
S += 1
G += 2*x_pre + 1
"""
derivative = "int(x > 0)"
goodness_jump = "1"
memory = "exp(-dt/tau_x)"
parameters = {"tau_x": 100 * ms, "floor_x2": 0.01, "scale": 1.0}
limits = """
1*us <= tau_x <= 1000*second
0 < floor_x2 <= 1e6
0 < scale <= 1e6
"""
