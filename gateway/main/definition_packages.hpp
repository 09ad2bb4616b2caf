#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "fhir/profile/package.hpp"

namespace causeway {

struct LoadedPackages {
    std::vector<fhir::PackageReport> packages;
    std::vector<std::string> faults;  ///< of whole packages: path and reason
};

/// Adds FHIR packages to the builder. `place` is a .tgz as the FHIR registries give them, the folder of one package (with
/// package.json or package/package.json), a folder of such packages, or a folder of definitions in JSON. Blocking; called
/// before anything is served.
LoadedPackages load_packages(fhir::ValidatorBuilder& builder, const std::filesystem::path& place);

}  // namespace causeway
