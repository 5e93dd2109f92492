"""Reward-modulated spike-timing-dependent plasticity (Fremaux & Gerstner 2016; Mozafari et al. 2018, arXiv 1705.09132).

    presynaptic spike:   p += 1,  eligibility -= A_minus*q           end of the stimulus epoch:
    postsynaptic spike:  q += 1,  eligibility += A_plus*p                dw += reward*side*eligibility

p and q decay with tau_plus and tau_minus.  The eligibility, one a synapse and presentation, keeps what spike-timing-
dependent plasticity would have done; the layer's reward turns it into a weight change.  The reward is the modulator of
forward_forward: positive in a positive phase and negative in a negative one, the larger the less the layer's goodness
is on the right side of theta.  No derivative of anything is used, but for its sign: where spikes of a neuron lower the
goodness (the negative half of polar_halves), its side is -1, else 1.

Nothing happens at the synapses when the postsynaptic neuron spikes.  With q_plus, the sum over its spikes of
exp(+age/tau_plus), p*q_plus at the end is the sum of exp(-(t_post - t_pre)/tau_plus) over all pairs; the q_plus of the
moment, taken off at every presynaptic spike, leaves those in which the postsynaptic spike came later.  q_plus grows,
which bounds the length of a stimulus epoch (`holds`).

Ranges: tau_plus and tau_minus 10..100 ms, A_plus 1, A_minus 0..1, beta 1..10, theta 0.5..5 (0 with polar_halves).
"""

from brian2 import ms

presynaptic = "dp/dt = -p/tau_plus : 1          # trace of presynaptic spikes"
presynaptic_on_spike = "p += 1"
neuron = """
dq/dt = -q/tau_minus : 1                     # trace of postsynaptic spikes
dq_plus/dt = q_plus/tau_plus : 1             # the same, growing
side : 1                                     # whether spikes raise the goodness, 1, or lower it, -1
"""
on_threshold = "q_plus += 1"
neuron_on_spike = "q += 1"
layer = "reward : 1"
layer_at_epoch_end = "reward = phase*beta/(1 + exp(phase*beta*(g - theta)))"
neuron_at_epoch_end = "side = int(derivative > 0) - int(derivative < 0)"
synapse = """
eligibility : 1 (per_entry)
dw : 1                                       # weight change accumulated since the last update
"""
on_pre = "eligibility -= A_minus*q_post + A_plus*q_plus_post"
at_epoch_end = """
dw += reward_layer*side_post*(eligibility + A_plus*p_pre*q_plus_post)
eligibility = 0
"""
learns_when = "phase_layer != 0"
rows = "p_pre != 0"
holds = "T_epoch <= 10*tau_plus"
parameters = {"tau_plus": 50 * ms, "tau_minus": 20 * ms, "A_plus": 1.0, "A_minus": 0.2, "beta": 3.0, "theta": 1.0}
limits = """
1*us <= tau_plus <= 1000*second
1*us <= tau_minus <= 1000*second
0 <= A_plus <= 1000
0 <= A_minus <= 1000
0 < beta <= 1000
-1000 <= theta <= 1000
"""
