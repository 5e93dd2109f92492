"""Sum of squares of a slow trace, with a normalisation that is fast: for signals that last, such as words.

x, with which a layer answers when the stimulus epoch ends, remembers all of it; G = sum(recent**2) of a fast trace is
there for `gain`, which follows how loud the signal is now (the two are one trace in sum_of_squares, whose layer either
forgets the beginning of a word or hears little of its end).

Ranges: tau_x as long as a stimulus epoch, or more; tau_gain 20..200 ms; floor_x2, below which activity is not
normalised away, 0.01..1.

Sums of squares as goodness: Hinton (2022, arXiv 2212.13345).
"""

from brian2 import ms, second

neuron = """
dx/dt = -x/tau_x : 1                         # slow trace
drecent/dt = -recent/tau_gain : 1            # fast trace
"""
on_spike = """
x += 1
recent += 1
"""
layer = """
dS/dt = -2*S/tau_x : 1                       # sum of x**2 over the layer
dG/dt = -2*G/tau_gain : 1                    # sum of recent**2 over the layer
g = S/n_neurons : 1                          # goodness a neuron, which rules and predictions use
gain = 1/sqrt(floor_x2 + G/n_neurons) : 1 (constant over dt)
"""
layer_on_spike = """
S += 2*x_pre + 1
G += 2*recent_pre + 1
"""
derivative = "x"
goodness_jump = "2*x + 1"
memory = "exp(-dt/tau_x)"
parameters = {"tau_x": 2 * second, "tau_gain": 100 * ms, "floor_x2": 0.1}
limits = """
1*us <= tau_x <= 1000*second
1*us <= tau_gain <= 1000*second
0 < floor_x2 <= 1e6
"""
