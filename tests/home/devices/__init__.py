"""Tests of how devices are read, without Home Assistant."""
