package main

import (
	"archive/tar"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// layerOf is the folder's contents under the path at, not really compressed: the file never leaves the machine, so packing and
// unpacking it would only cost time.
func layerOf(folder, at string) (v1.Layer, error) {
	if _, err := os.Stat(folder); err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) {
		r, w := io.Pipe()
		go func() { w.CloseWithError(writeTar(w, folder, at)) }()
		return r, nil
	}
	return tarball.LayerFromOpener(open, tarball.WithCompressionLevel(gzip.NoCompression))
}

func writeTar(out io.Writer, folder, at string) error {
	w := tar.NewWriter(out)
	if err := writeParents(w, at); err != nil {
		return err
	}
	// WalkDir goes in the order of names, which makes the tar the same every time.
	err := filepath.WalkDir(folder, func(file string, d fs.DirEntry, err error) error {
		if err != nil || file == folder {
			return err
		}
		inside, err := filepath.Rel(folder, file)
		if err != nil {
			return err
		}
		return writeEntry(w, file, strings.TrimPrefix(path.Join(at, filepath.ToSlash(inside)), "/"), d)
	})
	if err != nil {
		return err
	}
	return w.Close()
}

func writeParents(w *tar.Writer, at string) error {
	made := ""
	for part := range strings.SplitSeq(strings.Trim(at, "/"), "/") {
		if part == "" {
			continue
		}
		made += part + "/"
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: made, Mode: 0o755}); err != nil {
			return err
		}
	}
	return nil
}

func writeEntry(w *tar.Writer, file, inside string, d fs.DirEntry) error {
	info, err := d.Info()
	if err != nil {
		return err
	}
	switch {
	case d.IsDir():
		return w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: inside + "/", Mode: directoryMode(info)})
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(file)
		if err != nil {
			return err
		}
		return w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: inside, Linkname: target, Mode: 0o777})
	}
	header := &tar.Header{Typeflag: tar.TypeReg, Name: inside, Mode: fileMode(info), Size: info.Size()}
	if err := w.WriteHeader(header); err != nil {
		return err
	}
	content, err := os.Open(file)
	if err != nil {
		return err
	}
	defer content.Close()
	_, err = io.Copy(w, content)
	return err
}

// Folders like /tmp, where everyone may write, stay so; nothing else depends on the umask of whoever made the folder.
func directoryMode(info fs.FileInfo) int64 {
	if info.Mode()&fs.ModeSticky != 0 {
		return 0o1777
	}
	return 0o755
}

func fileMode(info fs.FileInfo) int64 {
	if info.Mode()&0o100 != 0 {
		return 0o755
	}
	return 0o644
}
