"""Polar halves (Polar-FFA, Terres-Escudero et al. 2024, arXiv 2408.09210): one half of a layer against the other.

    g = mean of x**2 over the positive half - mean of x**2 over the negative half

Neurons belong to the halves in turn.  The positive half learns to be active in positive phases and silent in negative
ones, the negative half the opposite, so that a layer answers both kinds of input with spikes, and g has its threshold
at 0 (rule forward_forward: theta=0).  P is the sum of x**2 over the layer with the sign of the half, G without it: the
latter is there for `gain`, with which the next layer normalises its input.

Ranges: tau_x 20..200 ms, floor_x2 0.001..0.1.
"""

from brian2 import ms

neuron = """
dx/dt = -x/tau_x : 1                         # goodness trace
polarity = 1 - 2*(channel - 2*int(0.5*channel)) : 1   # +1 in the positive half (even), -1 in the negative one
"""
on_spike = "x += 1"
layer = """
dP/dt = -2*P/tau_x : 1                       # sum of x**2 over the positive half, less that over the negative one
dG/dt = -2*G/tau_x : 1                       # sum of x**2 over the layer
g = 2*P/n_neurons : 1                        # goodness, which rules and predictions use
gain = 1/sqrt(floor_x2 + G/n_neurons) : 1 (constant over dt)
"""
layer_on_spike = """
P += polarity_pre*(2*x_pre + 1)
G += 2*x_pre + 1
"""
derivative = "polarity*x"
goodness_jump = "polarity*(2*x + 1)"
memory = "exp(-dt/tau_x)"
parameters = {"tau_x": 100 * ms, "floor_x2": 0.01}
limits = """
1*us <= tau_x <= 1000*second
0 < floor_x2 <= 1e6
"""
