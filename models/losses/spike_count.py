"""Squared error of the output spike counts, and a regulariser of hidden rates (Bacho & Chu 2024, arXiv 2403.08804).

    L = 1/2 sum_o (y_o - n_o)^2,    y = y_true for the neuron of the true class, y_other for the others

A spike that comes earlier makes room for more: -1 stands in the place of dn/dt_k, so that the gradient of an output
weight is delta e, with delta = y - n and the eligibility e = sum_k dt_k/dw.  Hidden neurons get delta from their
feedback, and rho (f_target - mean_n), where `mean_n` is the running mean of a neuron's spikes in a presentation.
Of neurons with equally many spikes, the one whose membrane is nearest to the next spike wins.
"""

neuron = """
n_spikes : 1                                 # spikes in this stimulus epoch
delta : 1                                    # error of the neuron, positive if it should spike more
"""
hidden = "mean_n : 1                           # running mean of n_spikes over a mini-batch of presentations"
on_spike = "n_spikes += 1"
output_at_epoch_end = "delta = y_other + (y_true - y_other)*int(own_class == shown_class) - n_spikes"
output_score = "n_spikes + clip(excess, -1, 0)"
hidden_at_epoch_end = """
mean_n += int(phase_layer > 0)*(n_spikes - mean_n)/samples_per_update_layer
delta = rho*(f_target - mean_n)
"""
at_epoch_start = "n_spikes = 0"
parameters = {"y_true": 15.0, "y_other": 3.0, "rho": 0.1, "f_target": 0.2}
limits = """
0 <= y_other < y_true <= 1e6
0 <= rho <= 1000
0 <= f_target <= 1e6
"""
