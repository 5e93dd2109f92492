"""Derivative of the spike times of the two-exponential neuron with a bounded denominator: A in the place of A - c.

As spike_time, but the factor stays finite where the membrane only grazes the threshold, at the price of gradients that
are too short (0.2 to 0.9 of the exact ones) in nearly the right direction (cosine 0.997 and more).
"""

base = "spike_time"
on_threshold = """
slope = int(A > c)/clip(A, c, 1e9)
again = int(n_spikes > 0)
kept = again*exp((spike_step - t_in_timesteps)*dt/(2*tau_s))
spike_step = t_in_timesteps
"""
