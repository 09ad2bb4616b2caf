#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/result.hpp"
#include "fhir/validate/validator.hpp"

namespace causeway::fhir {

/// A file of a package, by its path inside the package ("package/StructureDefinition-x.json").
struct PackageFile {
    std::string path;
    std::string bytes;
};

struct PackageLimits {
    std::size_t files_max = 100'000;
    std::size_t bytes_max = std::size_t{1} << 30;  ///< of all files together
};

/// The regular files of a tar archive (ustar, with GNU and pax long names); what comes after an end mark is passed over.
/// An archive that breaks off or holds paths with ".." is refused.
Result<std::vector<PackageFile>> read_tar(std::string_view tar, const PackageLimits& limits = {});

/// What loading a package came to.
struct PackageReport {
    std::string name;  ///< of package.json; empty if there is none
    std::string version;
    std::size_t profiles = 0;          ///< StructureDefinitions that constrain a type
    std::size_t terms = 0;             ///< CodeSystems, ValueSets, ConceptMaps
    std::size_t others = 0;            ///< resources that validation does not use
    std::vector<std::string> faults;   ///< files that could not be read: path and reason
    std::vector<std::string> depends;  ///< "hl7.fhir.r4.core 4.0.1", as package.json says
};

/// Adds a package in npm layout: every resource under package/ but its examples and what is no JSON.
PackageReport add_package(ValidatorBuilder& builder, const std::vector<PackageFile>& files);

}  // namespace causeway::fhir
