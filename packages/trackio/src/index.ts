export const TRACKIO_SCHEMA_VERSION: number = 2;
