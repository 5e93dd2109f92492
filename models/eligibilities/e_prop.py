"""e-prop's eligibility (Bellec et al. 2020, Nat. Commun. 11:3625) for any neuron with a `response`, in spike counts.

    change      = psi_post*(response_pre - slow)
    eligibility = sum over time steps of change
    slow        = slow_memory_post*(slow + slow_jump_post*change)

`slow` is the part of a synapse in what the neuron's own spikes leave behind, such as a threshold that rises (equations
24 and 25 there); of neurons without anything of that kind it is 0.  With `dfa` the learning signal is random feedback,
with `symmetric` that of the weights.  The synapses of recurrent layers learn as those from below.  The sign is that of
spike times, which fall where spike counts rise.
"""

neuron = "psi : 1                              # pseudo-derivative"
on_step = "psi = surrogate"
synapse = """
dw : 1                                       # weight change accumulated since the last update
eligibility : 1 (per_entry)                  # in spikes of the neuron for each unit of weight
slow : 1 (per_entry)
"""
synapse_on_step = """
change = psi_post*(response_pre - slow)
eligibility += change
slow = slow_memory_post*(slow + slow_jump_post*change)
"""
rows = "response_pre != 0"
at_epoch_end = """
dw += delta_post*eligibility
eligibility = 0
slow = 0
"""
