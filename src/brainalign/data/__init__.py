"""Stimuli, participants' recordings, and how they are read or simulated.

What everything is made of is in ``types``: Stimulus, Presentation, Recording, Dataset. A data set goes through these folders:

- ``readers``: one module for each kind of ``conf/data``, its options and the call that reads it; ``formats`` has the settings they share.
- ``folder``, ``bids``, ``raw``, ``nwb``, ``arrays``, ``fmri``, ``published``: how each format is read; ``simulated``: the simulator.
- ``card``: what a published set is, and what of it is missing; ``archives``: where it lies, and how it is fetched.
- ``files``: patterns, participants, tables; ``mne_files``: what MNE opens; ``events``: what was played when; ``continuous``: runs cut into
  presentations; ``preprocessing``: high gamma, bands, references; ``sync``: whether recording and events agree.
- ``sound``, ``transcripts``, ``stimuli``: what was heard; ``electrodes``: where it was recorded.
- ``frames``: responses on the frame grid; ``splits``: training and test.
"""
