"""Local readouts (mono-forward, Gong et al. 2025, arXiv 2501.09238): every layer learns from class scores of its own.

No phases: labels are targets, nothing is shown twice, and one presentation gives the prediction.  Every layer has a
linear readout of its own traces, and learns from the error of that readout alone; nothing crosses a layer:

    score_c = sum_n w_nc*gain*x_n             error_c = [target = c] - softmax(score)_c
    dw_nc   = error_c*gain*x_n                the readout: the delta rule
    M_n     = gain*[x_n > 0]*sum_c w_nc*error_c
    dw      = M_post*z_pre                    the synapses between layers: three factors

`gain` normalises the layer's activity.  [x_n > 0] stands for the derivative of the trace: neurons that have not spiked
learn nothing.  The prediction is the class with the largest sum over the layers of log softmax(score).

Ranges: speed, the readout's learning rate relative to that of the layer, 1..10.
"""

presynaptic = "dz/dt = gain_layer*x/T_epoch : 1   # normalised trace, averaged over the stimulus epoch"
neuron = "M : 1                               # modulator: the part of the error that the neuron can mend"
layer = """
top : 1                                      # largest score
Z : 1                                        # sum of exp(score - top)
"""
classes = """
score : 1                                    # evidence for the class
error : 1                                    # target - softmax of the scores
"""
score = "score += w*gain_layer*x_pre"
readout_rows = "x_pre != 0"
class_max = "top = score_pre"
class_sum = "Z += exp(score_pre - top)"
class_at_epoch_end = "error = int(own_class == target) - exp(score - top_layer)/Z_layer"
readout_backward = "M_pre += w*error"
readout_at_epoch_end = "dw += error*gain_layer*x_pre"
readout_speed = "speed"
neuron_at_epoch_end = "M = M*gain_layer*int(x > 0)"
synapse = "dw : 1                              # weight change accumulated since the last update"
at_epoch_end = "dw += M_post*z_pre"
learns_when = "phase_layer > 0"
rows = "z_pre != 0"
neuron_remember = "M = 0"
layer_remember = """
top = -1e30
Z = 0
"""
parameters = {"speed": 1.0}
limits = "0 <= speed <= 1000"
