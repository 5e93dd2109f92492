"""Equilibrium propagation in a recurrent layer of spiking neurons (Scellier & Bengio 2017, arXiv 1602.05179).

Three stimulus epochs of one sample, through which the state goes on (`carry-over`): the layer settles freely, then
with the error of its class scores as a small current, `nudge`, and then with the opposite current (Laborieux et al.
2021, arXiv 2006.03824: what is left of the difference is exact up to beta**2).  With a the rate of a neuron, averaged
over the last part of each epoch:

    score_c    = sum_n w_nc*a_n               at the end of the free phase, as in local_readout
    error_c    = [target = c] - softmax(score)_c
    doubt      = 1 - softmax(score)_target
    nudge      = beta*sum_c w_nc*error_c/doubt      in the first nudged phase, then -nudge
    difference = (a_nudged - a_opposite)*doubt/(2*beta)
    dw_ij      = a_i*difference_j + difference_i*a_j      a: of the free phase
    dw_nc      = error_c*a_n                  the readout: the delta rule

The difference of an input channel is 0.  The rule changes w_ij and w_ji alike: symmetric recurrent weights stay so, and
with them the difference is the derivative of the loss by the neuron's current, to which all neurons contribute through
the recurrent synapses: the implicit gradient, without anything that goes backwards (docs/equilibrium.md).  Rates are
the current of the neuron, averaged and cut off: they have no noise of the neuron's own spikes.  By `doubt`, one number
a layer, the nudge of a sample is as large as that of others however little is left to learn of it, and what noise the
difference has counts as little as that.

Ranges: beta 0.1..2; settled, the part of an epoch before rates are averaged, 0.3..0.8; speed, the readout's learning
rate relative to that of the layer, 1..10.
"""

presynaptic = """
z : 1                                        # rate in the free phase, when it is time to learn; input: intensity
difference : 1                               # derivative of the rate by the strength of the nudge, likewise
"""
presynaptic_on_spike = "z += 1"
neuron = """
firing_rate = clip(total/clip(n_late, 1, inf), 0, 1) : 1
total : 1                                    # sum of the current over the last part of this epoch
n_late : 1                                   # its time steps
turn : 1                                     # 1: the next epoch is the nudged one, -1: that of the opposite nudge
free : 1                                     # rate of the free phase
nudged : 1                                   # rate of the nudged one
size : 1                                     # of the error in the free phase, the layer's doubt
M : 1                                        # the part of the error that the neuron can mend
"""
on_step = """
late = int(t_in_epoch >= settled*T_epoch - 0.5*dt)
total += late*total_current
n_late += late
"""
layer = """
top : 1                                      # largest score
Z : 1                                        # sum of exp(score - top)
wrong : 1                                    # the same without the true class
doubt = clip(wrong/clip(Z, 1, inf), 1e-4, 1) : 1
"""
classes = """
score : 1                                    # evidence for the class
error : 1                                    # target - softmax of the scores
"""
score = "score += w*firing_rate_pre"
readout_rows = "firing_rate_pre != 0"
class_max = "top = score_pre"
class_sum = """
Z += exp(score_pre - top)
wrong += int(own_class_pre != target_pre)*exp(score_pre - top)
"""
class_at_epoch_end = "error = int(phase_layer > 0)*(int(own_class == target) - exp(score - top_layer)/Z_layer)"
readout_backward = "M_pre += w*error"
readout_at_epoch_end = "dw += error*firing_rate_pre"
readout_speed = "speed"
neuron_at_epoch_end = """
is_free = int(phase_layer > 0)
is_nudged = int(phase_layer < 0)*int(turn > 0)
is_opposite = int(phase_layer < 0)*int(turn < 0)
free = is_free*firing_rate + (1 - is_free)*free
nudged = is_nudged*firing_rate + (1 - is_nudged)*nudged
size = is_free*doubt_layer + (1 - is_free)*size
difference = is_opposite*(nudged - firing_rate)*size/(2*beta)
z = is_opposite*free
nudge = is_free*beta*M/doubt_layer - is_nudged*nudge
turn = is_free - is_nudged
"""
synapse = "dw : 1                              # weight change accumulated since the last update"
at_epoch_end = "dw += z_pre*difference_post + difference_pre*z_post"
rows = "z_pre != 0 or difference_pre != 0"
presynaptic_remember = "z = 0"
neuron_remember = """
total = 0
n_late = 0
M = 0
"""
layer_remember = """
top = -1e30
Z = 0
wrong = 0
"""
needs = "nudges"
parameters = {"beta": 0.5, "settled": 0.5, "speed": 5.0}
limits = """
0 < beta <= 1000
0 <= settled < 1
0 <= speed <= 1000
"""
