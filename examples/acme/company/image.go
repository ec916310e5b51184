package company

import (
	"bytes"
	"encoding/binary"
	"hash/adler32"
	"hash/crc32"
)

// imageFile is a small picture of one grey with some noise, as PNG. Its data is stored as it is: compressing costs more
// than all the rest of a listing.
func imageFile(h uint64) []byte {
	const side = 16
	pixels := make([]byte, 0, side*(side+1))
	for row := range uint64(side) {
		pixels = append(pixels, 0) // no filter
		for x := range uint64(side) {
			pixels = append(pixels, byte(h+(row*x)%7))
		}
	}
	var b bytes.Buffer
	b.WriteString("\x89PNG\r\n\x1a\n")
	chunk := func(name string, data []byte) {
		var n [4]byte
		body := append([]byte(name), data...)
		b.Write(binary.BigEndian.AppendUint32(n[:0], uint32(len(data))))
		b.Write(body)
		b.Write(binary.BigEndian.AppendUint32(n[:0], crc32.ChecksumIEEE(body)))
	}
	chunk("IHDR", []byte{0, 0, 0, side, 0, 0, 0, side, 8, 0, 0, 0, 0})
	data := []byte{0x78, 0x01, 1} // of zlib, and a last block that is stored
	data = binary.LittleEndian.AppendUint16(data, uint16(len(pixels)))
	data = binary.LittleEndian.AppendUint16(data, ^uint16(len(pixels)))
	data = append(data, pixels...)
	chunk("IDAT", binary.BigEndian.AppendUint32(data, adler32.Checksum(pixels)))
	chunk("IEND", nil)
	return b.Bytes()
}
