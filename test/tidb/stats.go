package main

import (
	"maps"
	"sync"
)

// stats counts what happens, for tests: RPCs by method, feed events by type,
// faults by kind.
type stats struct {
	mu     sync.Mutex
	counts map[string]map[string]uint64
}

func newStats() *stats { return &stats{counts: make(map[string]map[string]uint64)} }

func (s *stats) add(group, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts[group] == nil {
		s.counts[group] = make(map[string]uint64)
	}
	s.counts[group][name]++
}

func (s *stats) snapshot() map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]any, len(s.counts))
	for group, counts := range s.counts {
		all[group] = maps.Clone(counts)
	}
	return all
}
