"""Recordings held against their events: were the stimuli played when the events say so?"""
