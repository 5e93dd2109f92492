"""Surrogate eligibility as in e-prop without recurrence (Bellec et al. 2020; Zenke & Neftci 2021).

The eligibility is -integral psi (b - a) dt/tau_s: the response b - a of the membrane to input spikes, weighted with the
pseudo-derivative psi of the spike in every time step, whether the neuron spikes or not.  The sign is that of spike
times, which fall where spike counts rise.  The synapses work in every step: far more of it than at own spikes alone.
"""

presynaptic = """
da/dt = -a/tau_s : 1
db/dt = -b/(2*tau_s) : 1
"""
presynaptic_on_spike = """
a += 1
b += 1
"""
neuron = "psi : 1                              # pseudo-derivative, in units of 1/tau_s"
on_step = "psi = surrogate*dt/tau_s"
synapse = """
dw : 1                                       # weight change accumulated since the last update
eligibility : 1 (per_entry)                            # eligibility
"""
synapse_on_step = "eligibility += psi_post*(a_pre - b_pre)"
rows = "b_pre != 0"
at_epoch_end = """
dw -= delta_post*eligibility
eligibility = 0
"""
