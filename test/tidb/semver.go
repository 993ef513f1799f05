package main

import (
	"regexp"
	"strconv"
)

// semver is a semantic version as TiKV parses the ones of its feed's clients:
// strictly, so that "v8.5.0" is none and counts as 0.0.0.
type semver struct {
	parts      [3]uint64
	prerelease bool
}

var semverForm = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)

func parseSemver(text string) (v semver) {
	found := semverForm.FindStringSubmatch(text)
	if found == nil {
		return v
	}
	for i := range v.parts {
		v.parts[i], _ = strconv.ParseUint(found[i+1], 10, 64)
	}
	v.prerelease = found[4] != ""
	return v
}

// atLeast compares with a release; a prerelease comes before its own release.
func (v semver) atLeast(major, minor, patch uint64) bool {
	for i, want := range []uint64{major, minor, patch} {
		if v.parts[i] != want {
			return v.parts[i] > want
		}
	}
	return !v.prerelease
}
