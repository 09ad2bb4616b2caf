#include "gateway/main/definition_packages.hpp"

#include <zlib.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace causeway {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t unpacked_bytes_max = std::size_t{1} << 30;

std::string read_bytes(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// gzip to bytes; empty where it is none, is damaged or is too large.
std::string gunzip(const std::string& packed) {
    z_stream stream{};
    if (inflateInit2(&stream, 15 + 16) != Z_OK) return {};
    std::string out;
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    int status = Z_OK;
    while (status == Z_OK && out.size() < unpacked_bytes_max) {
        const std::size_t had = out.size();
        out.resize(std::min(unpacked_bytes_max, had + std::max<std::size_t>(had, 1 << 20)));
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + had);
        stream.avail_out = static_cast<uInt>(out.size() - had);
        status = inflate(&stream, Z_NO_FLUSH);
        out.resize(out.size() - stream.avail_out);
    }
    inflateEnd(&stream);
    return status == Z_STREAM_END ? out : std::string();
}

bool is_archive(const fs::path& path) {
    const auto name = path.filename().string();
    return name.ends_with(".tgz") || name.ends_with(".tar.gz");
}

class Loader {
public:
    Loader(fhir::ValidatorBuilder& builder, LoadedPackages& out) : builder_(builder), out_(out) {}

    void place(const fs::path& path) {
        std::error_code none;
        if (fs::is_regular_file(path, none)) return is_archive(path) ? archive(path) : folder_of({path});
        if (!fs::is_directory(path, none)) return fault(path, "is neither a file nor a folder");
        if (fs::exists(path / "package.json", none)) return folder(path);
        if (fs::exists(path / "package" / "package.json", none)) return folder(path / "package");
        std::vector<fs::path> inner;
        for (const auto& entry : fs::directory_iterator(path, none)) inner.push_back(entry.path());
        std::sort(inner.begin(), inner.end());
        std::vector<fs::path> loose;
        for (const auto& one : inner) {
            if (fs::is_directory(one, none) || is_archive(one))
                place(one);
            else if (one.extension() == ".json")
                loose.push_back(one);
        }
        if (!loose.empty()) folder_of(loose);
    }

private:
    void fault(const fs::path& path, const std::string& why) { out_.faults.push_back(path.string() + ": " + why); }

    void archive(const fs::path& path) {
        const std::string tar = gunzip(read_bytes(path));
        if (tar.empty()) return fault(path, "is no gzip archive, or is damaged");
        const auto files = fhir::read_tar(tar);
        if (!files) return fault(path, files.error().message);
        out_.packages.push_back(fhir::add_package(builder_, *files));
    }

    void folder(const fs::path& path) {
        std::error_code none;
        std::vector<fs::path> files;
        for (const auto& entry : fs::directory_iterator(path, none))
            if (entry.path().extension() == ".json") files.push_back(entry.path());
        std::sort(files.begin(), files.end());
        folder_of(files);
    }

    void folder_of(const std::vector<fs::path>& paths) {
        std::vector<fhir::PackageFile> files;
        for (const auto& path : paths) files.push_back({path.filename().string(), read_bytes(path)});
        out_.packages.push_back(fhir::add_package(builder_, files));
    }

    fhir::ValidatorBuilder& builder_;
    LoadedPackages& out_;
};

}  // namespace

LoadedPackages load_packages(fhir::ValidatorBuilder& builder, const fs::path& place) {
    LoadedPackages out;
    Loader(builder, out).place(place);
    return out;
}

}  // namespace causeway
