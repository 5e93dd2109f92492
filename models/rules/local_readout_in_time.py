"""Local readouts whose synapses know when: the rule local_readout with the eligibility of surrogate_gradient.

Every layer has a linear readout of its own traces at the end of the stimulus epoch, and learns from its error alone
(mono-forward, Gong et al. 2025, arXiv 2501.09238).  local_readout takes the mean presynaptic trace and whether a neuron
has spiked for the derivative of the trace x; here stands the derivative itself (e-prop without recurrence, Bellec et
al. 2020, Nat. Commun. 11:3625), in which an input counts where it came before the membrane was near its threshold:

    score_c = sum_n w_nc*gain*x_n             error_c = [target = c] - softmax(score)_c
    dw_nc   = error_c*gain*x_n                the readout: the delta rule
    M_n     = gain*sum_c w_nc*error_c
    dw      = M_post*eligibility
    eligibility = sum over time steps of  memory**(steps to the end) * psi_post * response_pre

so that dw is the gradient of log softmax(score)_target, where the reset and `gain` count as constant.  How the
eligibility is computed at presynaptic spikes alone stands in surrogate_gradient.

Ranges: speed, the readout's learning rate relative to that of the layer, 1..10.
"""

base = "surrogate_gradient"
neuron = """
forgotten : 1                                # of an x of 1 at the start of the stimulus epoch
M : 1                                        # modulator: the part of the error that the neuron can mend
factor : 1                                   # of the eligibility
"""
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
layer_at_epoch_end = ""
neuron_at_epoch_end = "factor = M*gain_layer*(1 - forgotten)"
at_epoch_end = """
dw += factor_post*(eligibility + credit_syn_post*response_syn_pre + credit_post*response_pre)
eligibility = 0
"""
learns_when = "phase_layer > 0"
neuron_remember = """
forgotten = 0
M = 0
"""
layer_remember = """
top = -1e30
Z = 0
"""
parameters = {"speed": 1.0}
limits = "0 <= speed <= 1000"
