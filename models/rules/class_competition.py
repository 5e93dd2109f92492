"""Cross-entropy over class groups (channel-wise competitive learning, Papachristodoulou et al. 2024, arXiv 2312.12668).

Neuron i of a layer stands for class i modulo the number of classes; in a convolution, channel i does, at all positions.
The goodness of a group, the mean of x**power over its neurons, is the layer's evidence for its class: loss
-log p[target] with p = softmax(alpha*goodness of the groups).  No phases and no label among the input, and one
presentation gives the prediction.

    score_c = alpha*mean of x**power in group c       error_c = alpha*([target = c] - softmax(score)_c)
    M_n     = error of the neuron's group * derivative of x**power
    dw      = M_post*z_pre

Ranges: alpha 0.5..5; power 2 (squares, as in a sum of squares) or 1 (linear).
"""

presynaptic = "dz/dt = gain_layer*x/T_epoch : 1   # normalised trace, averaged over the stimulus epoch"
neuron = "M : 1                               # modulator of the neuron's group"
layer = """
top : 1                                      # largest score
Z : 1                                        # sum of exp(score - top)
"""
classes = """
score : 1                                    # alpha*goodness of the group
error : 1
"""
score = "score += int(class_group_pre == own_class)*alpha*x_pre**power*n_classes_pre/n_neurons_layer"
readout_rows = "x_pre != 0"
class_max = "top = score_pre"
class_sum = "Z += exp(score_pre - top)"
class_at_epoch_end = "error = alpha*(int(own_class == target) - exp(score - top_layer)/Z_layer)"
readout_backward = "M_pre += int(class_group_pre == own_class)*error"
neuron_at_epoch_end = "M = M*int(x > 0)*power*x**(power - 1)"
synapse = "dw : 1                              # weight change accumulated since the last update"
at_epoch_end = "dw += M_post*z_pre"
learns_when = "phase_layer > 0"
rows = "z_pre != 0"
neuron_remember = "M = 0"
layer_remember = """
top = -1e30
Z = 0
"""
parameters = {"alpha": 2.0, "power": 2.0}
limits = """
0 < alpha <= 1000
1 <= power <= 4
"""
