"""Sum of squared spike counts (Hinton 2022, eq. 1, with counts as activity): sum_of_squares without forgetting.

x counts the spikes of a neuron since the start of the stimulus epoch; G = sum(x**2) jumps by (x + 1)**2 - x**2 at each
spike.  Both have differential equations, which do nothing, so that they go back to 0 with every stimulus epoch.

Ranges: floor_x2 (below which activity is not normalised away) 0.001..0.1.
"""

neuron = "dx/dt = 0*Hz : 1                   # spike count"
on_spike = "x += 1"
layer = """
dG/dt = 0*Hz : 1                             # sum of x**2 over the layer
g = G/n_neurons : 1                          # goodness a neuron, which rules and predictions use
gain = 1/sqrt(floor_x2 + g) : 1 (constant over dt)
"""
layer_on_spike = "G += 2*x_pre + 1"
derivative = "x"
goodness_jump = "2*x + 1"
parameters = {"floor_x2": 0.01}
limits = "0 < floor_x2 <= 1e6"
