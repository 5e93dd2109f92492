"""Leaky integrate-and-fire neuron with a current alone, and a reset to rest: one that other simulators know, too.

    tau_m dv/dt = I - v,    tau_syn dI/dt = -I;    input spike:  I += w;    spike when v > v_th:  v = 0

As lif, but nothing normalises what arrives, and a spike takes the whole membrane potential: the neuron CubaLIF of NIR
(Pedersen et al. 2024, Nat. Commun. 15:8122), as which `brianff export --to nir` writes it.  The length of the activity
below matters now, so that input weights may have to be larger or smaller: see --init-gain.

Ranges: as lif.
"""

base = "lif"
equations = """
dv/dt = (I_syn - v)/tau_m : 1                # membrane potential, in units of the threshold
dI_syn/dt = -I_syn/tau_syn : 1               # synaptic current
"""
reset = "v = 0"
response = """
dresponse/dt = (response_syn - response)/tau_m : 1    # what spikes add to v through a weight of 1
dresponse_syn/dt = -response_syn/tau_syn : 1
"""
credit_on_step = "credit_syn -= credit*(1 - exp(-dt/tau_m))*exp(dt/tau_syn)"
