"""Class groups (channel-wise competitive learning, Papachristodoulou et al. 2024, AAAI 38): a group of neurons a class.

Neuron i of a layer stands for class i modulo the number of classes.  The goodness of a group, the mean of x**2 over its
neurons, is the layer's evidence for its class: the rule class_competition raises that of the true class against the
others, from one presentation without label, and the class with the largest goodness is the prediction.  There is no
negative phase (`--negatives none`), and no label among the input.

`evidence` is the sum of x**2 over the neuron's own group, kept at every neuron by lateral connections, by the same
jumps as G, that over the layer, which g and `gain` are made of.

Ranges: tau_x 20..200 ms, floor_x2 (below which activity is not normalised away) 0.001..0.1.
"""

from brian2 import ms

neuron = "dx/dt = -x/tau_x : 1               # goodness trace"
on_spike = "x += 1"
hidden = "devidence/dt = -2*evidence/tau_x : 1    # sum of x**2 over the neuron's group"
lateral = "evidence_post += int(class_group_pre == class_group_post)*(2*x_pre + 1)"
layer = """
dG/dt = -2*G/tau_x : 1                       # sum of x**2 over the layer
g = G/n_neurons : 1                          # mean of x**2
gain = 1/sqrt(floor_x2 + g) : 1 (constant over dt)
"""
layer_on_spike = "G += 2*x_pre + 1"
derivative = "x"
evidence = "x**2"
memory = "exp(-dt/tau_x)"
parameters = {"tau_x": 100 * ms, "floor_x2": 0.01}
limits = """
1*us <= tau_x <= 1000*second
0 < floor_x2 <= 1e6
"""
