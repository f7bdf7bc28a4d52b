"""Read HDF5 files from strangers within bounds: what each module here stops.

source    links, external storage and virtual datasets, which lead to other files
chunks    datasets that unpack to more than their shape allows
strings   heaps of text that contradict themselves, in which HDF5 looks for ever
content   a file that is written anew while it is read
sink      a full disk, which leaves h5py's files open
"""
