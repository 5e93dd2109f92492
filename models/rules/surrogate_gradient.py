"""Exact local surrogate gradient (e-prop without recurrence, Bellec et al. 2020, Nat. Commun. 11:3625).

    loss softplus(-s*beta*(g - theta)),    dw = -dloss/dw = M * dg/dx_post * eligibility
    eligibility(t) = memory*eligibility(t - dt) + psi_post(t) * response_pre(t)

`response` is what the spikes of the presynaptic neuron add to the membrane potential through a weight of 1, psi (the
neuron's `surrogate`) the pseudo-derivative of the spike, `memory` what is left of the goodness trace x after a time
step: the eligibility is the derivative of x by the weight.  The reset counts as constant, as is usual.  Every synapse
and presentation has its own, which changes in every time step: more than the work of all else.  How such rules follow
from real-time recurrent learning: Zenke & Neftci (2021, Proc. IEEE 109:935).

Ranges: beta 1..10, theta 0.5..5 (0 with polar_halves).
"""

layer = "M : 1                                # modulator"
layer_at_epoch_end = "M = phase*beta/(1 + exp(phase*beta*(g - theta)))"
synapse = """
eligibility : 1 (per_entry)
dw : 1                                       # weight change accumulated since the last update
"""
synapse_on_step = "eligibility = memory_post*eligibility + surrogate_post*response_pre"
at_epoch_end = """
dw += M_layer*derivative_post*eligibility
eligibility = 0
"""
learns_when = "phase_layer != 0"
rows = "response_pre != 0"
parameters = {"beta": 3.0, "theta": 1.0}
limits = """
0 < beta <= 1000
-1000 <= theta <= 1000
"""
