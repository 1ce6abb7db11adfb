package service;

record OrderPlaced(String customer, long cents) {
}
