"""Sum of squares of traces that a spike sets to 1, of contrastive signal-dependent plasticity (Ororbia 2024).

x = 1 at a spike and decays with tau_x: how long ago the last spike was, however many there were.  G = sum(x**2) jumps
by 1 - x**2.  Ranges: tau_x 10..100 ms (13 ms in the paper, whose time step is 3 ms).
"""

from brian2 import ms

neuron = "dx/dt = -x/tau_x : 1               # trace of the last spike"
on_spike = "x = 1"
layer = """
dG/dt = -2*G/tau_x : 1                       # sum of x**2 over the layer
g = G/n_neurons : 1                          # goodness a neuron, which rules and predictions use
gain = 1/sqrt(floor_x2 + g) : 1 (constant over dt)
"""
layer_on_spike = "G += 1 - x_pre**2"
derivative = "x"
jump = "1 - x**2"
parameters = {"tau_x": 100 * ms, "floor_x2": 0.01}
