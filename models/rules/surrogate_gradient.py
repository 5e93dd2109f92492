"""Exact local surrogate gradient (e-prop without recurrence, Bellec et al. 2020, Nat. Commun. 11:3625).

    loss softplus(-s*beta*(g - theta)),    dw = -dloss/dw = M * dg/dx_post * eligibility
    eligibility = sum over time steps of  memory**(steps to the end) * psi_post * response_pre

`response` is what the spikes of the presynaptic neuron add to the membrane potential through a weight of 1, psi (the
neuron's `surrogate`) the pseudo-derivative of the spike, `memory` what is left of the goodness trace x after a time
step: the eligibility is the derivative of x by the weight.  The reset counts as constant, as is usual.

A response is linear in its two variables, which jump at spikes and otherwise run the same course in all neurons of a
layer.  What a unit of either of them, present now, has added to the sum up to now, had it run that course from the
start, is the same for all synapses of a neuron: its `credit`.  The sum is the credit at the end times the response at
the end, less, for every presynaptic spike, the credit at the spike times its jump.  So synapses change at presynaptic
spikes and at the end only; surrogate_gradient_stepwise, the definition itself, changes them in every time step, and
finds the same up to rounding.  Credits grow as responses decay: after a time (the neuron's `credit_lasts`) they are
settled, and begin anew.  The synapses of recurrent layers learn as those from below; what a spike does by way of other
neurons of its layer does not count (e-prop).  How such rules follow from real-time recurrent learning: Zenke & Neftci
(2021, Proc. IEEE 109:935).

Ranges: beta 1..10, theta 0.5..5 (0 with polar_halves).
"""

neuron = """
forgotten : 1                                # of an x of 1 at the start of the stimulus epoch
factor : 1                                   # of the eligibility
"""
on_step = """
forgotten = 1 - memory*(1 - forgotten)
credit += surrogate/(1 - forgotten)
"""
layer = "M : 1                                # modulator"
layer_at_epoch_end = "M = phase*beta/(1 + exp(phase*beta*(g - theta)))"
neuron_remember = "forgotten = 0"
neuron_at_epoch_end = "factor = derivative*(1 - forgotten)"
synapse = """
eligibility : 1 (per_entry)
dw : 1                                       # weight change accumulated since the last update
"""
on_pre = "eligibility -= credit_syn_post"
settle = "eligibility += credit_syn_post*response_syn_pre + credit_post*response_pre"
at_epoch_end = """
dw += M_layer*factor_post*(eligibility + credit_syn_post*response_syn_pre + credit_post*response_pre)
eligibility = 0
"""
learns_when = "phase_layer != 0"
rows = "response_syn_pre != 0"
parameters = {"beta": 3.0, "theta": 1.0}
limits = """
0 < beta <= 1000
-1000 <= theta <= 1000
"""
