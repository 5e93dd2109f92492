"""Class groups of channels that compete at every position of a convolution (after Papachristodoulou et al. 2024).

As class_competition, with a softmax of its own at every position: channel i stands for class i modulo the number of
classes, and at each position the channels of the true class learn to be more active than the others, from what the
kernel sees there.  A layer without positions is one position.

    evidence = mean of x**2 over the neuron's group at its position
    p        = softmax(alpha*evidence) over the groups at the position
    M        = alpha*([target = class] - p)*2*x
    dw       = M_post*z_pre
    score_c  = mean over the positions of log p, where any channel has spiked; the prediction is the largest

What channels of a position know of each other comes by lateral connections within the position.

Ranges: alpha 0.1..5.
"""

presynaptic = "dz/dt = gain_layer*x/T_epoch : 1   # normalised trace, averaged over the stimulus epoch"
neuron = """
M : 1                                        # modulator
evidence : 1                                 # sum of x**2 over the neuron's group at its position
rivals : 1                                   # neurons of the position
Z : 1                                        # sum over them of exp(alpha*evidence of their group)
"""
lateral_at_epoch_end = """
evidence_post += int(class_group_pre == class_group_post)*x_pre**2
rivals_post += 1
"""
lateral_afterwards = "Z_post += exp(clip(alpha*evidence_pre*n_classes_pre/rivals_pre, 0, 80))"
classes = "score : 1                           # mean of log p over the positions"
score = """
log_p = alpha*evidence_pre*n_classes_pre/rivals_pre - log(Z_pre*n_classes_pre/rivals_pre)
score += int(class_group_pre == own_class)*int(Z_pre > 1.000001*rivals_pre)*log_p*n_classes_pre/n_neurons_layer
"""
neuron_at_epoch_end = """
p = exp(clip(alpha*evidence*n_classes/rivals, 0, 80))/(Z*n_classes/rivals)
M = alpha*(int(target == class_group) - p)*2*x
"""
synapse = "dw : 1                              # weight change accumulated since the last update"
at_epoch_end = "dw += M_post*z_pre"
learns_when = "phase_layer > 0"
rows = "z_pre != 0"
neuron_remember = """
evidence = 0
rivals = 0
Z = 0
"""
parameters = {"alpha": 1.0}
limits = "0 < alpha <= 1000"
