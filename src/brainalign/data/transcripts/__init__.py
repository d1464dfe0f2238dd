"""Words and phones as labs and archives have them: TextGrid, TIMIT, tables, and forced aligners' JSON."""

from brainalign.data.transcripts.read import has_phones, read_transcript, stimuli_in

__all__ = ["has_phones", "read_transcript", "stimuli_in"]
