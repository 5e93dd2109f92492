"""Cross-entropy over class groups (channel-wise competitive learning, Papachristodoulou et al. 2024, AAAI 38).

Loss -log p[target] with p = softmax(alpha*goodness of the groups), for the goodness class_groups.  The modulator
belongs to a group: M = alpha*(1 - p) in that of the true class, -alpha*p in the others.  One phase, no label in the
network's input.  All that the groups know of each other is Z, the sum of the softmax's numerators, and the largest of
their exponents, which is subtracted from all so that none overflows.

Ranges: alpha 0.5..5.
"""

presynaptic = "dz/dt = gain_layer*x/T_epoch : 1   # normalised trace, averaged over the stimulus epoch"
neuron = "M : 1                               # modulator of the neuron's group"
layer = """
dtop/dt = 0*Hz : 1                           # largest alpha*goodness of a group
dZ/dt = 0*Hz : 1                             # sum of exp(alpha*goodness - top) over the groups
"""
layer_max = "top = alpha*evidence_pre*n_classes_pre/n_neurons"
layer_sum = "Z += exp(alpha*evidence_pre*n_classes_pre/n_neurons - top)*n_classes_pre/n_neurons"
neuron_at_epoch_end = """
M = alpha*(int(target == class_group) - exp(alpha*evidence*n_classes/n_neurons_layer - top_layer)/Z_layer)
"""
synapse = "dw : 1                              # weight change accumulated since the last update"
at_epoch_end = "dw += M_post*derivative_post*z_pre"
learns_when = "phase_layer > 0"
rows = "z_pre != 0"
parameters = {"alpha": 2.0}
limits = "0 < alpha <= 1000"
