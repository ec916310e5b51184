package company

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
)

// secretOneIn of the documents made of text hold something that should not be there.
const secretOneIn = 120

// DocumentText is what a person reads in a document: of an office document what an export as text gives, nothing of an
// image.
func (c *Company) DocumentText(d *Document) []byte {
	if b := c.plantedText(d); b != nil {
		return b
	}
	if d.Type == Image || d.Type == Folder {
		return nil
	}
	h := c.hash(ofPaper, int(d.ID), d.Revision)
	size := minFileBytes + below(h, below(h>>32, maxFileBytes)+1)
	separator := byte(' ')
	if d.Type == Sheet {
		separator = ','
	}
	b := make([]byte, 0, size+1024)
	for len(b) < size && len(b) < 600 {
		for range 7 {
			h = mix(h)
			b = append(append(b, words[h%64]...), separator)
		}
		b[len(b)-1] = '\n'
	}
	for text := b; len(b) < size; { // the same lines again: content costs a copy
		b = append(b, text[:min(len(text), size-len(b))]...)
	}
	return append(b, c.secretLine(d)...)
}

// plantedText is the text of a document of the incidents, nil for any other.
func (c *Company) plantedText(d *Document) []byte {
	switch d.ID {
	case c.KeyDocument():
		p := c.Project(c.KeyProject())
		return c.secretContent(&p, KeyFile)
	case c.CustomerDocument():
		return c.customers()
	}
	return nil
}

// secretLine is what a few documents end with: noise that looks like a secret.
func (c *Company) secretLine(d *Document) []byte {
	h := c.hash(ofSecret, int(d.ID))
	if h%secretOneIn != 0 {
		return nil
	}
	var noise [32]byte
	for i := range 4 {
		h = mix(h)
		binary.BigEndian.PutUint64(noise[8*i:], h)
	}
	text := base64.RawURLEncoding.EncodeToString(noise[:])
	switch h % 3 {
	case 0:
		card := fmt.Sprintf("400000%09d", h>>8%1e9)
		return fmt.Appendf(nil, "\nrefund to card %s%d\n", card, checkDigit(card))
	case 1:
		return fmt.Appendf(nil, "\nthe shared login is deploy, password: %s\n", text[:16])
	}
	return fmt.Appendf(nil, "\napi_key = \"%s\"\n", text[:40])
}

// DocumentContent gives the bytes of a document as a file: of Doc a document of an office suite.
func (c *Company) DocumentContent(d *Document) []byte {
	text := c.DocumentText(d)
	switch d.Type {
	case Folder:
		return nil
	case Doc:
		return officeFile(text)
	case PDF:
		return pdfFile(text)
	case Image:
		return imageFile(c.hash(ofPaper, int(d.ID), d.Revision))
	}
	return text
}

// officeFile is the least that an office suite opens. It never fails: it writes to memory.
func officeFile(text []byte) []byte {
	var b bytes.Buffer
	b.Grow(len(text) + 2048)
	z := zip.NewWriter(&b)
	put := func(name, content string) {
		header := zip.FileHeader{Name: name, Method: zip.Store}
		w, _ := z.CreateRaw(sized(&header, content)) // a buffer takes everything
		_, _ = w.Write([]byte(content))
	}
	const head = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`
	put("[Content_Types].xml", head+`<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">`+
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>`+
		`<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`)
	put("_rels/.rels", head+`<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`+
		`<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`)
	body := bytes.ReplaceAll(bytes.ReplaceAll(text, []byte(`"`), []byte("&quot;")), []byte("\n"), []byte("</w:t></w:r></w:p><w:p><w:r><w:t>"))
	put("word/document.xml", head+`<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`+
		`<w:p><w:r><w:t>`+string(body)+`</w:t></w:r></w:p></w:body></w:document>`)
	_ = z.Close()
	return b.Bytes()
}

func sized(h *zip.FileHeader, content string) *zip.FileHeader {
	h.CRC32 = crc32.ChecksumIEEE([]byte(content))
	h.CompressedSize64, h.UncompressedSize64 = uint64(len(content)), uint64(len(content))
	return h
}

// pdfFile is one page with all text in one stream.
func pdfFile(text []byte) []byte {
	var b bytes.Buffer
	at := make([]int, 0, 5)
	object := func(body string) {
		at = append(at, b.Len())
		b.WriteString(strconv.Itoa(len(at)) + " 0 obj\n" + body + "\nendobj\n")
	}
	b.WriteString("%PDF-1.4\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	object("<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
	object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>")
	show := "BT /F1 10 Tf 12 TL 40 800 Td (" + string(bytes.ReplaceAll(text, []byte("\n"), []byte(") Tj T* ("))) + ") Tj ET"
	object("<< /Length " + strconv.Itoa(len(show)) + " >>\nstream\n" + show + "\nendstream")
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
	xref := b.Len()
	b.WriteString("xref\n0 6\n0000000000 65535 f \n")
	for _, offset := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", xref)
	return b.Bytes()
}
