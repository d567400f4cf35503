package checkpoint

import (
	"bytes"
	"fmt"
	"hash/crc32"
)

// noSeal is the seal of metadata while its seal is computed.
const noSeal = "00000000"

// sealField is how a seal stands in the text of metadata.
func sealField(seal string) []byte { return []byte(`"seal": "` + seal + `"`) }

// seal puts the seal into a text whose seal is noSeal.
func seal(text []byte) []byte {
	return bytes.Replace(text, sealField(noSeal), sealField(fmt.Sprintf("%08x", crc32.ChecksumIEEE(text))), 1)
}

// sealed reports whether a text is the one that was sealed.
func sealed(text []byte, found string) bool {
	return bytes.Equal(seal(bytes.Replace(text, sealField(found), sealField(noSeal), 1)), text)
}
