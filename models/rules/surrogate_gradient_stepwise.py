"""The rule surrogate_gradient (Bellec et al. 2020) as it is defined: every synapse changes in every time step.

    eligibility(t) = memory*eligibility(t - dt) + psi_post(t) * response_pre(t)

More work than all else, and the same result; it also learns with neurons that have a `response` of another form, or
time constants that differ between them.
"""

base = "surrogate_gradient"
neuron = "psi : 1                              # pseudo-derivative"
on_step = "psi = surrogate"
on_pre = ""
settle = ""
neuron_remember = ""
neuron_at_epoch_end = ""
synapse_on_step = "eligibility = memory_post*eligibility + psi_post*response_pre"
at_epoch_end = """
dw += M_layer*derivative_post*eligibility
eligibility = 0
"""
rows = "response_pre != 0"
