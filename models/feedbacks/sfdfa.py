"""Spiking forward direct feedback alignment (Bacho & Chu 2024, arXiv 2403.08804): feedback learnt from the spikes.

Every hidden neuron draws a random v for a stimulus epoch, and its first spike carries it; what arrives, weighted, adds
to d of the next layer, and travels on with its next spike.  What the output's spikes carry, D, is a directional
derivative, and the mean of D v an estimate of the forward weights, which the feedback weights F follow:

    F -= eta_F mean(F - D v)    over the trials of a mini-batch in which the hidden neuron spiked
"""

neuron = """
noise : 1                                    # v, standard normal; 0 at the output
d : 1                                        # what has arrived since the last spike
arrived : 1                                  # the same before this step's spikes arrive
sent : 1                                     # what the neuron's spike carries
D : 1                                        # sum of what its spikes carried
"""
at_epoch_start = """
d = 0
D = 0
"""
hidden_at_epoch_start = """
u1 = uniform(seed, presentation, 1, channel)
u2 = uniform(seed, presentation, 2, channel)
noise = sqrt(-2*log(u1))*cos(2*pi*u2)
"""
on_threshold = """
arrived = d
sent = d + noise*int(n_spikes == 0)
"""
on_spike = """
d -= arrived
D += sent
"""
on_pre = "d_post += w*sent_pre"
synapse = """
F : 1                                        # feedback weight, from an output to a hidden neuron
dF : 1                                       # sum of D v - F since the last update
trials : 1                                   # in which the hidden neuron spiked
"""
initial_limit = {"F": "F_range"}
at_epoch_end = """
delta_post += F*delta_pre
dF += int(n_spikes_post > 0)*(D_pre*noise_post - F)
trials += int(n_spikes_post > 0)
"""
at_update = """
F += eta_F*dF/clip(trials, 1, 1e9)
dF = 0
trials = 0
"""
parameters = {"eta_F": 1e-4, "F_range": 0.0}
limits = """
0 <= eta_F <= 1
0 <= F_range <= 1000
"""
