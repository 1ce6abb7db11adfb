package service;

/** Something that the Rust side may ask for by its name. */
record Command(String name, Work work) {
    interface Work {
        /** What it returns is answered as JSON. */
        Object run(String argument) throws Exception;
    }
}
