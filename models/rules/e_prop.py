"""e-prop (Bellec et al. 2020, Nat. Commun. 11:3625) with the layer's own readout as learning signal, step by step.

The rule local_readout_in_time for neurons whose own spikes leave something behind that is slow: a threshold that rises
(lif_adaptive) or a refractory kernel (spike_response).  What they leave, `slow`, depends on the weight too, and keeps
what a synapse has done for as long (equations 24 and 25 there):

    change      = psi_post*(response_pre - slow)
    eligibility = memory_post*eligibility + change
    slow        = slow_memory_post*(slow + slow_jump_post*change)

and dw = M_post*eligibility with the modulator of local_readout_in_time.  Membrane and synaptic current are reset, and
a spike works on others of its layer, as if that did not depend on the weight.  Every synapse works in every time step.

Ranges: speed, the readout's learning rate relative to that of the layer, 1..10.
"""

base = "local_readout_in_time"
neuron = """
M : 1                                        # modulator: the part of the error that the neuron can mend
psi : 1                                      # pseudo-derivative
"""
on_step = "psi = surrogate"
on_pre = ""
settle = ""
synapse = """
eligibility : 1 (per_entry)
slow : 1 (per_entry)                         # part of it in what the neuron's own spikes leave behind
dw : 1                                       # weight change accumulated since the last update
"""
synapse_on_step = """
change = psi_post*(response_pre - slow)
eligibility = memory_post*eligibility + change
slow = slow_memory_post*(slow + slow_jump_post*change)
"""
neuron_at_epoch_end = "M = M*gain_layer"
at_epoch_end = """
dw += M_post*eligibility
eligibility = 0
slow = 0
"""
rows = "response_pre != 0"
neuron_remember = "M = 0"
