package main

import (
	"encoding/hex"
	"strconv"
)

// lockShown is one prewritten lock, for a test that asks who holds what.
type lockShown struct {
	Key     string `json:"key"` // hex of the raw key
	StartTS string `json:"startTs"`
	Primary bool   `json:"primary"`
}

// heldLocks is the hub's part of GET /rig/locks, oldest transaction first.
func (h *cdcHub) heldLocks() []lockShown {
	h.mu.Lock()
	defer h.mu.Unlock()
	shown := []lockShown{}
	for _, txn := range h.oldestFirst() {
		for key, lock := range txn.locks {
			shown = append(shown, lockShown{hex.EncodeToString([]byte(key)), strconv.FormatUint(txn.startTS, 10), lock.primary})
		}
	}
	return shown
}
