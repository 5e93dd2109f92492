"""Local readouts that learn while a stream runs: local_readout_in_time for frames that go on from one another.

A stimulus epoch is a frame of a continuous stream (`carry_over`): membranes, responses and traces go on from frame to
frame, and so does the eligibility here, which keeps as much of the past as the trace x does (memory of the goodness).
The error is that of the frame's end.  Frames without a label (LABEL_NONE) teach nothing:

    error_c = [target >= 0]*([target = c] - softmax(score)_c)
    dw      = M_post*eligibility             at the end of every frame, e-prop (Bellec et al. 2020), an error a frame

With the goodness since_onset, x and the eligibility begin anew where the layer falls silent.

Ranges: speed, the readout's learning rate relative to that of the layer, 1..10.
"""

base = "local_readout_in_time"
class_at_epoch_end = "error = int(target >= 0)*(int(own_class == target) - exp(score - top_layer)/Z_layer)"
neuron_at_epoch_end = """
M = M*gain_layer
factor = 1 - forgotten
"""
at_epoch_end = """
eligibility = factor_post*(eligibility + credit_syn_post*response_syn_pre + credit_post*response_pre)
dw += M_post*eligibility
"""
