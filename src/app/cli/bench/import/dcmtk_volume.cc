// DCMTK's way from a list of files to a volume: load, sort by position, copy the samples into one array.
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

extern "C" int load_volume(const char **paths, int n_files, unsigned short *volume, unsigned long n_samples) {
    std::vector<std::pair<double, std::unique_ptr<DcmFileFormat>>> slices;
    for (int index = 0; index < n_files; ++index) {
        std::unique_ptr<DcmFileFormat> file(new DcmFileFormat);
        Float64 height = 0;
        if (file->loadFile(paths[index]).bad()) return 1;
        if (file->getDataset()->findAndGetFloat64(DCM_ImagePositionPatient, height, 2).bad()) return 2;
        slices.emplace_back(height, std::move(file));
    }
    std::sort(slices.begin(), slices.end(),
              [](const auto &a, const auto &b) { return a.first < b.first; });
    for (const auto &slice : slices) {
        const Uint16 *samples = nullptr;
        unsigned long n_found = 0;
        if (slice.second->getDataset()->findAndGetUint16Array(DCM_PixelData, samples, &n_found).bad()) return 3;
        if (n_found < n_samples) return 4;
        std::memcpy(volume, samples, n_samples * sizeof(Uint16));
        volume += n_samples;
    }
    return 0;
}
