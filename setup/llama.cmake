# What of llama.cpp is not compiled. Its `common` serves its own programs, and its Python package asks for it in so many
# words; a variable of this name, set before, comes first. LLAVA_BUILD=ON (pictures) brings it back.
if(NOT LLAVA_BUILD)
    set(LLAMA_BUILD_COMMON OFF)
endif()
