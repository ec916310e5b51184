package httpapi

import "testing"

// What the operating system is told to dial, in whichever form.
func TestPrivateControl(t *testing.T) {
	var allowed private
	for address, refused := range map[string]bool{
		"[::ffff:10.0.0.1]:443": true, "[::ffff:100.64.0.1]:443": true, "[::ffff:8.8.8.8]:443": false, "8.8.8.8:443": false, "[2606:4700::1111]:443": false,
		"[fe80::1%eth0]:443": true, "[64:ff9b::808:808]:443": false, "[64:ff9b::a00:1]:443": true, "not an address": true,
	} {
		if err := allowed.control(t.Context(), "tcp", address, nil); (err != nil) != refused {
			t.Errorf("%s: %v", address, err)
		}
	}
}
