"""Mean firing rate as goodness (Terres-Escudero et al. 2024, arXiv 2406.16479): spikes a neuron, and second.

`count` is the number of spikes of the layer since the start of the stimulus epoch; g is the rate of a neuron,
count/(n_neurons*T_epoch), in units of `rate_unit`.  G = sum(x**2), as in sum_of_squares, is there for `gain`, with
which the next layer normalises its input.

Ranges: rate_unit 5..100 Hz, about the mean rate of a neuron; tau_x 20..200 ms, floor_x2 0.001..0.1.
"""

from brian2 import Hz, ms

neuron = "dx/dt = -x/tau_x : 1               # trace"
on_spike = "x += 1"
layer = """
dcount/dt = 0*Hz : 1                         # spikes of the layer
dG/dt = -2*G/tau_x : 1                       # sum of x**2 over the layer
g = count/(n_neurons*T_epoch*rate_unit) : 1  # goodness, which rules and predictions use
gain = 1/sqrt(floor_x2 + G/n_neurons) : 1 (constant over dt)
"""
layer_on_spike = """
count += 1
G += 2*x_pre + 1
"""
derivative = "int(x > 0)"
goodness_jump = "1"
parameters = {"tau_x": 100 * ms, "floor_x2": 0.01, "rate_unit": 20 * Hz}
limits = """
1*us <= tau_x <= 1000*second
0 < floor_x2 <= 1e6
1e-6*Hz <= rate_unit <= 1*MHz
"""
