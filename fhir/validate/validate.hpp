#pragma once
#include "fhir/validate/outcome.hpp"
#include "fhir/validate/structure.hpp"
