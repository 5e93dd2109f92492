"""Exact derivative of the spike times of the two-exponential neuron (Bacho & Chu 2024, arXiv 2403.08804, section 3).

At output spike k, with the traces a and b of the input spikes in the place of A and B,

    dt_k/dw = tau (a - b + r)/(A - c),    tau = 2 tau_s;    r decays with tau and jumps by (c/tau) dt_k/dw

where r, the part that belongs to one synapse, is the effect of the neuron's own earlier spikes on b.  The eligibility,
sum_k dt_k/dw, and r are in units of tau.  No synapse changes at an input spike; r decays when it is next read.
Where the membrane rises through the threshold, A > c; where it only grazes it, A - c vanishes, and is held above
`grazing` c.  A spike that is noticed while the membrane falls (the reset left it above threshold, or inhibition came in
the same time step) has no crossing that a weight could move, and adds nothing.
"""

presynaptic = """
da/dt = -a/tau_s : 1
db/dt = -b/(2*tau_s) : 1
"""
presynaptic_on_spike = """
a += 1
b += 1
"""
neuron = """
slope : 1                                    # how much a spike time moves with the membrane
kept : 1                                     # what is left of r since the last spike; 0 at the first of an epoch
again : 1                                    # 0 at the first spike of a stimulus epoch, then 1
spike_step : integer                         # time step of the last spike
"""
on_threshold = """
slope = int(A > c)/clip(A - c, grazing*c, 1e9)
again = int(n_spikes > 0)
kept = again*exp((spike_step - t_in_timesteps)*dt/(2*tau_s))
spike_step = t_in_timesteps
"""
synapse = """
dw : 1 (post_major)                          # weight change accumulated since the last update
eligibility : 1 (post_major, per_entry)                # eligibility, in units of tau
r : 1 (post_major, per_entry)                # effect of earlier spikes on b
"""
on_post = """
r = kept_post*r
g = (a_pre - b_pre + r)*slope_post
eligibility = again_post*eligibility + g
r += c*g
"""
at_epoch_end = "dw -= delta_post*eligibility"
columns = "n_spikes_post > 0"
parameters = {"grazing": 0.05}
limits = "1e-6 <= grazing <= 1000"
