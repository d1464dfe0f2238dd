"""Words and phones as labs and archives have them: TextGrid, TIMIT, tables, and forced aligners' JSON."""

from brainalign.data.transcripts.read import read_transcript

__all__ = ["read_transcript"]
