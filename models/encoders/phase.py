"""Phase code (Guo et al. 2021, Front. Neurosci. 15:638474, after Kim et al. 2018, Neurocomputing 311:373).

The binary expansion of the intensity, a bit a phase: in 8 bits it is 0.b1 b2 ... b8; a channel spikes in phase k = 1
... 8 of a cycle if b_k = 1, and the spike stands for 2^-k.  Cycles follow one another.  In the papers synapses multiply
a spike by its 2^-k, here all spikes are alike: a weight for every spike would have to stand in the trace's jump, in the
goodness and in every rule as well, and hidden neurons, which send the spikes that they have, have none.  It is the
reader who weighs phases (a sum of 2^-k over the spikes of one cycle is the intensity, to 1/256), and what comes earlier
counts longer for a leaky neuron.

Ranges: t_phase, the length of a phase, from one time step (and one if it is given shorter); a cycle of 8 t_phase should
fit into a stimulus epoch; dark, below which a channel is silent, 0..0.2.
"""

from brian2 import ms

equations = """
code : 1                                     # intensity in 8 bits, 0 ... 255
first_step : integer                         # of the stimulus epoch
steps_per_phase : integer
step = t_in_timesteps - first_step : integer
phase_now = (step // steps_per_phase) % 8 : integer
bit = floor(code/2.0**(7 - phase_now)) % 2 : 1
"""
at_epoch_start = """
code = int(intensity > dark)*floor(255*clip(intensity, 0, 1) + 0.5)
first_step = t_in_timesteps
steps_per_phase = int(clip(floor(t_phase/dt + 0.5), 1, inf))
"""
threshold = "step % steps_per_phase == 0 and bit > 0.5"
parameters = {"t_phase": 5 * ms, "dark": 0.05}
limits = """
1*us <= t_phase <= 1000*second
0 <= dark < 1
"""
