"""Derivative of the spike times of the two-exponential neuron with a bounded denominator: A in the place of A - c.

As spike_time, but the factor stays finite where the membrane only grazes the threshold, at the price of gradients that
are too short (0.2 to 0.9 of the exact ones) in nearly the right direction (cosine 0.997 and more).
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
slope : 1                                    # 1/A
kept : 1                                     # what is left of r since the last spike; 0 at the first of an epoch
again : 1                                    # 0 at the first spike of a stimulus epoch, then 1
t_spike : second                             # time of the last spike
"""
on_threshold = """
slope = 1/A
again = int(n_spikes > 0)
kept = again*exp((t_spike - t)/(2*tau_s))
t_spike = t
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
